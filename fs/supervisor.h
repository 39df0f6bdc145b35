// What a supervisor such as systemd is told about a mount that it runs in the foreground.
#pragma once

namespace lazylfs::fs {

// sd_notify(3)'s READY=1 to the socket that NOTIFY_SOCKET names; nothing without one. A supervisor
// that cannot be reached is no reason to stop serving.
void tell_supervisor_ready();

}  // namespace lazylfs::fs
