//! Behaviour of the chat core through its public interface: one file per behaviour.

mod support;

mod acceptance;
mod backoff;
mod bounds;
mod counts_by_group_size;
mod cursors;
mod device_expiry;
mod given_ids;
mod global_cursor;
mod late_answers;
mod lost_hints;
mod membership;
mod naive_layouts;
mod new_devices;
mod owed_pushes;
mod paging;
mod random_scripts;
mod repeats;
mod restarts;
mod retention;
mod send_order;
mod sessions;
mod several_devices;
mod several_servers;
mod slow_consumers;
mod store_reference;
mod visibility;
