//! The figures of a run.

mod transport;

pub(crate) use transport::transport_figures;
