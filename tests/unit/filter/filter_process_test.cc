int lazylfs_placeholder_filter_process = 0;
