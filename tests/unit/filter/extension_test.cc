int lazylfs_placeholder_extension = 0;
