//! Behaviour of the chat core through its public interface: one file per behaviour.

mod support;

mod acceptance;
mod backoff;
mod bounds;
mod cursors;
mod late_answers;
mod lost_hints;
mod membership;
mod new_devices;
mod paging;
mod random_scripts;
mod repeats;
mod restarts;
mod send_order;
mod sessions;
mod several_devices;
mod several_servers;
mod slow_consumers;
mod store_reference;
mod transport_end_to_end;
mod transport_faults;
mod transport_link;
mod transport_losses;
mod transport_sessions;
mod transport_streams;
mod transport_world;
mod visibility;
