//! Behaviour of the chat core through its public interface: one file per behaviour.

mod support;

mod acceptance;
mod backoff;
mod bounds;
mod cursors;
mod given_ids;
mod late_answers;
mod local_hints;
mod lost_hints;
mod membership;
mod new_devices;
mod one_cursor;
mod paging;
mod random_ids;
mod random_retries;
mod random_scripts;
mod repeats;
mod restarts;
mod retries;
mod send_order;
mod sessions;
mod several_devices;
mod several_servers;
mod slow_consumers;
mod store_reference;
mod sync_by_id;
mod truncation;
mod visibility;
mod worker_leases;
