//! Routing: on which chat servers the sessions of a user are.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{ServerId, UserId};

/// What routing is asked to do. `epoch` tells the incarnations of one server apart: routes of an
/// older one are forgotten when a newer one registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoutingRequest {
    /// A server has a session of each of these users.
    Register {
        /// The server.
        server: ServerId,
        /// Its incarnation.
        epoch: u64,
        /// The users.
        users: Vec<UserId>,
    },
    /// A server's last session of a user ended.
    Unregister {
        /// The server.
        server: ServerId,
        /// Its incarnation.
        epoch: u64,
        /// The user.
        user: UserId,
    },
    /// Which servers to send a hint to.
    Lookup {
        /// The asking server, which is left out of the answer.
        server: ServerId,
        /// The audience of the hint.
        users: Vec<UserId>,
    },
}

/// What routing answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoutingAnswer {
    /// To `Register` and `Unregister`.
    Done,
    /// To `Lookup`: each server with the users who have a session there.
    Routes(Vec<(ServerId, Vec<UserId>)>),
}

/// The pure model of routing. It is soft state: it may be lost, and servers register again.
#[derive(Debug, Clone, Default)]
pub struct RoutingModel {
    epochs: BTreeMap<ServerId, u64>,
    servers_of: BTreeMap<UserId, BTreeSet<ServerId>>,
}

impl RoutingModel {
    /// Carries out one request.
    pub fn handle(&mut self, request: RoutingRequest) -> RoutingAnswer {
        match request {
            RoutingRequest::Register { server, epoch, users } => {
                if self.enter(server, epoch) {
                    for user in users {
                        self.servers_of.entry(user).or_default().insert(server);
                    }
                }
                RoutingAnswer::Done
            }
            RoutingRequest::Unregister { server, epoch, user } => {
                if self.enter(server, epoch) {
                    self.remove(server, user);
                }
                RoutingAnswer::Done
            }
            RoutingRequest::Lookup { server, users } => {
                RoutingAnswer::Routes(self.lookup(server, &users))
            }
        }
    }

    /// Whether the request comes from the server's newest incarnation.
    fn enter(&mut self, server: ServerId, epoch: u64) -> bool {
        let known = self.epochs.entry(server).or_insert(epoch);
        if epoch > *known {
            *known = epoch;
            self.servers_of.values_mut().for_each(|servers| {
                servers.remove(&server);
            });
            self.servers_of.retain(|_, servers| !servers.is_empty());
        }
        epoch == self.epochs[&server]
    }

    fn remove(&mut self, server: ServerId, user: UserId) {
        if let Some(servers) = self.servers_of.get_mut(&user) {
            servers.remove(&server);
            if servers.is_empty() {
                self.servers_of.remove(&user);
            }
        }
    }

    fn lookup(&self, asking: ServerId, users: &[UserId]) -> Vec<(ServerId, Vec<UserId>)> {
        let mut routes: BTreeMap<ServerId, Vec<UserId>> = BTreeMap::new();
        for user in users {
            for server in self.servers_of.get(user).into_iter().flatten() {
                if *server != asking {
                    routes.entry(*server).or_default().push(*user);
                }
            }
        }
        routes.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(routing: &mut RoutingModel, server: u32, epoch: u64, users: &[u64]) {
        let users = users.iter().copied().map(UserId).collect();
        routing.handle(RoutingRequest::Register { server: ServerId(server), epoch, users });
    }

    fn routes(routing: &mut RoutingModel, users: &[u64]) -> Vec<(u32, Vec<u64>)> {
        let users = users.iter().copied().map(UserId).collect();
        let request = RoutingRequest::Lookup { server: ServerId(1), users };
        let RoutingAnswer::Routes(routes) = routing.handle(request) else { panic!("no routes") };
        let plain = |(server, users): (ServerId, Vec<UserId>)| {
            (server.0, users.iter().map(|user| user.0).collect())
        };
        routes.into_iter().map(plain).collect()
    }

    #[test]
    fn a_lookup_names_the_other_servers_of_the_audience() {
        let mut routing = RoutingModel::default();
        register(&mut routing, 1, 1, &[10, 11]);
        register(&mut routing, 2, 1, &[11, 12]);
        register(&mut routing, 3, 1, &[12]);
        assert_eq!(routes(&mut routing, &[10, 11, 12]), [(2, vec![11, 12]), (3, vec![12])]);
    }

    #[test]
    fn a_new_incarnation_forgets_the_routes_of_the_old_one() {
        let mut routing = RoutingModel::default();
        register(&mut routing, 2, 1, &[11, 12]);
        register(&mut routing, 2, 2, &[12]);
        assert_eq!(routes(&mut routing, &[11, 12]), [(2, vec![12])]);
        register(&mut routing, 2, 1, &[11]);
        assert_eq!(routes(&mut routing, &[11]), []);
    }

    #[test]
    fn an_unregistered_user_has_no_route() {
        let mut routing = RoutingModel::default();
        register(&mut routing, 2, 1, &[11]);
        let user = UserId(11);
        routing.handle(RoutingRequest::Unregister { server: ServerId(2), epoch: 1, user });
        assert_eq!(routes(&mut routing, &[11]), []);
    }
}
