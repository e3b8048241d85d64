//! Behaviour of the chat core through its public interface: one file per behaviour.

mod support;

mod acceptance;
mod backoff;
mod bounds;
mod cursors;
mod discovery;
mod drain;
mod late_answers;
mod leases;
mod lost_hints;
mod membership;
mod new_devices;
mod paging;
mod pushes;
mod put_off;
mod random_scripts;
mod registry;
mod repeats;
mod restarts;
mod send_order;
mod server_lease;
mod sessions;
mod several_devices;
mod several_servers;
mod slow_consumers;
mod store_reference;
mod visibility;
