//! Job runner, outbox dispatcher, schedules.
