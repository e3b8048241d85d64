//! The ids that this server gives to what it appends, where ids are not places of the log.

use super::{ChatServer, ServerConfig, requests::Pending, send::Write, worker};
use crate::{
    design::{IdSource, Ids, WorkerIds},
    ids::MessageId,
    ports::{Outcome, Request},
    situation::{Situation, Situations},
    snowflake::{LeasedWorker, NoId, SnowflakeSource},
    time::Now,
};

/// How often an append or change asks again because its id was taken or came too late. An id of a
/// leased worker is never taken; one of a worker that others are as well may be.
pub(super) const ID_TRIES_MAX: u32 = 3;

/// Where ids come from.
#[derive(Debug)]
pub(super) enum IdSupply {
    /// From the append: places of the log.
    Log,
    /// From the wall clock, in milliseconds, and nothing else.
    WallClock,
    /// From this server as a worker whose id is leased.
    Leased(Box<LeasedWorker>),
    /// From this server as worker 1 for ever, whoever else is.
    Fixed(SnowflakeSource),
    /// From the separate generator. The last id that was used: its answers may overtake each other,
    /// and a device's later send must not get the lower id.
    Generator {
        /// The last id that was used.
        last: MessageId,
    },
}

impl IdSupply {
    pub(super) fn of(config: &ServerConfig) -> Self {
        let design = &config.design;
        match (design.ids, design.id_source, design.worker_ids) {
            (Ids::ChannelSequence, ..) => Self::Log,
            (Ids::CreatedAt, ..) => Self::WallClock,
            (Ids::Snowflake, IdSource::Generator, _) => Self::Generator { last: MessageId::ZERO },
            (Ids::Snowflake, IdSource::Local, WorkerIds::Leased) => {
                Self::Leased(Box::new(LeasedWorker::new(worker::holder(config), design)))
            }
            (Ids::Snowflake, IdSource::Local, WorkerIds::Fixed) => {
                Self::Fixed(SnowflakeSource::fixed())
            }
        }
    }

    pub(super) fn situations(&self) -> Situations {
        match self {
            Self::Leased(worker) => worker.situations(),
            Self::Fixed(source) => source.situations(),
            Self::Log | Self::WallClock | Self::Generator { .. } => Situations::default(),
        }
    }
}

impl ChatServer {
    /// Asks the store to write, once there is an id for it.
    pub(super) fn start_write(&mut self, now: Now, write: Write) {
        match &mut self.ids {
            IdSupply::Log => self.ask_store(now, write, MessageId::ZERO),
            IdSupply::WallClock => self.ask_store(now, write, MessageId(now.wall.milliseconds())),
            IdSupply::Leased(worker) => {
                let id = worker.issue(now);
                self.write_under(now, write, id);
            }
            IdSupply::Fixed(source) => {
                let id = source.issue(now);
                self.write_under(now, write, id);
            }
            IdSupply::Generator { .. } => {
                self.request(now, Pending::NextId(write), Request::NextId);
            }
        }
    }

    fn write_under(&mut self, now: Now, write: Write, id: Result<MessageId, NoId>) {
        match id {
            Ok(id) => self.ask_store(now, write, id),
            Err(_) => {
                self.give_no_id();
                self.settle_write(now, write, Outcome::Refused);
            }
        }
    }

    /// The generator's outage is that of every send: refused, and tried again by the device.
    pub(super) fn settle_next_id(&mut self, now: Now, write: Write, outcome: Outcome<MessageId>) {
        match (outcome, &mut self.ids) {
            (Outcome::Ok(id), IdSupply::Generator { last }) if id > *last => {
                *last = id;
                self.ask_store(now, write, id);
            }
            (Outcome::Ok(_), _) => self.write_again(now, write),
            (Outcome::Refused, _) => {
                self.give_no_id();
                self.settle_write(now, write, Outcome::Refused);
            }
            (Outcome::Unknown, _) => {
                self.give_no_id();
                self.settle_write(now, write, Outcome::Unknown);
            }
        }
    }

    fn give_no_id(&mut self) {
        self.counts.without_id += 1;
        self.situations.mark(Situation::WithoutId);
    }

    /// Takes a new id and asks again, a few times.
    pub(super) fn write_again(&mut self, now: Now, mut write: Write) {
        let tries = write.tries_mut();
        *tries += 1;
        if *tries > ID_TRIES_MAX {
            *tries = 0;
            self.settle_write(now, write, Outcome::Refused);
        } else {
            self.start_write(now, write);
        }
    }
}
