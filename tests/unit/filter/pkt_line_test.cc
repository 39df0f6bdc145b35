int lazylfs_placeholder_pkt_line = 0;
