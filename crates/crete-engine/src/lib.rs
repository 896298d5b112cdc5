//! The application: machine driver, jobs, store, inventory, event bus.
