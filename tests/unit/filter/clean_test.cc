int lazylfs_placeholder_clean = 0;
