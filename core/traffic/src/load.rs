//! What everybody does, by a rate of deliveries.

use std::time::Duration;

use crate::{
    arrivals::next_arrival,
    fan_out::{can_send, draw_channel, mean_fan_out},
    population::{Population, User},
    purpose::{Purpose, stream},
    schedule::{Send, draw_device},
};

/// A load on a real server.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadShape {
    /// How long the load goes on, warm-up and measured window together.
    pub duration: Duration,
    /// Deliveries per second over all users: messages times recipients, the sending device not
    /// counted.
    pub deliveries_per_second: f64,
    /// Share of the sends that go to groups, for users who are in one; 0 to 1.
    pub group_share: f64,
    /// Bytes of a message's text.
    pub body_bytes: u32,
}

impl LoadShape {
    /// Sends per second over all users that make the wanted deliveries on average; zero when
    /// nobody has a recipient.
    #[must_use]
    pub fn sends_per_second(&self, population: &Population) -> f64 {
        let fan_out = mean_fan_out(population, self.group_share);
        if fan_out > 0.0 { self.deliveries_per_second / fan_out } else { 0.0 }
    }
}

pub(crate) fn load_sends(seed: u64, population: &Population, shape: &LoadShape) -> Vec<Send> {
    let senders: Vec<&User> = population.users().iter().filter(|user| can_send(user)).collect();
    let rate = shape.sends_per_second(population);
    let mut random = stream(seed, Purpose::Load, 0);
    let (mut sends, mut at) = (Vec::new(), Duration::ZERO);
    while let Some(next) = next_arrival(&mut random, rate, at, shape.duration) {
        at = next;
        let user = senders[random.below(senders.len() as u64) as usize];
        let device = draw_device(user, &mut random);
        let channel = draw_channel(user, shape.group_share, &mut random, |_| false);
        if let (Some(device), Some(channel)) = (device, channel) {
            sends.push(Send { at, user: user.id, device, channel });
        }
    }
    sends
}
