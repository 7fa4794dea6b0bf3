//! What was forgotten when: tells whether something learnt at one moment still holds.
//!
//! Removing entries from a cache is not enough. A look-up that began before a change can end after it, and would put
//! the old answer back. So every answer carries the moment it was asked for, and every change the moment it came.

use std::collections::HashMap;

use kernel::TenantId;

/// Most tenants remembered one by one; beyond that all of them are forgotten at once.
const CAPACITY: usize = 10_000;

/// A moment in the order of changes; not a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

/// The latest moment at which each thing was forgotten.
#[derive(Debug, Default)]
pub(crate) struct Forgetting {
    now: Moment,
    everything: Moment,
    tenants: HashMap<TenantId, Moment>,
}

impl Forgetting {
    /// The present moment: it holds until the next change.
    pub(crate) fn now(&self) -> Moment {
        self.now
    }

    /// Whether something asked for at `asked` still holds. `tenant` is whom it is about; `None` when it is about an
    /// address without a tenant, which any tenant's change may give one.
    pub(crate) fn holds(&self, asked: Moment, tenant: Option<TenantId>) -> bool {
        let forgotten = match tenant {
            Some(tenant) => self.tenants.get(&tenant).copied().unwrap_or_default(),
            None => self.now,
        };
        asked >= forgotten && asked >= self.everything
    }

    /// Notes that a tenant has changed.
    pub(crate) fn forget(&mut self, tenant: TenantId) {
        if self.tenants.len() >= CAPACITY {
            self.forget_everything();
        }
        self.now.0 += 1;
        self.tenants.insert(tenant, self.now);
    }

    /// Notes that anything may have changed.
    pub(crate) fn forget_everything(&mut self) {
        self.now.0 += 1;
        self.everything = self.now;
        self.tenants.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, Forgetting};
    use kernel::TenantId;

    #[test]
    fn what_was_learnt_before_a_change_does_not_hold_after_it() {
        let mut forgetting = Forgetting::default();
        let (changed, other) = (TenantId::new(), TenantId::new());
        let before = forgetting.now();
        forgetting.forget(changed);
        let after = forgetting.now();
        assert!(!forgetting.holds(before, Some(changed)));
        assert!(!forgetting.holds(before, None));
        assert!(forgetting.holds(before, Some(other)));
        assert!(forgetting.holds(after, Some(changed)));
        assert!(forgetting.holds(after, None));
        forgetting.forget_everything();
        for tenant in [Some(changed), Some(other), None] {
            assert!(!forgetting.holds(after, tenant));
            assert!(forgetting.holds(forgetting.now(), tenant));
        }
    }

    #[test]
    fn it_does_not_grow_without_end_and_forgets_rather_too_much() {
        let mut forgetting = Forgetting::default();
        let first = TenantId::new();
        let before = forgetting.now();
        forgetting.forget(first);
        for _ in 0..CAPACITY {
            forgetting.forget(TenantId::new());
        }
        assert!(forgetting.tenants.len() <= CAPACITY);
        assert!(!forgetting.holds(before, Some(first)));
        assert!(!forgetting.holds(before, Some(TenantId::new())));
    }
}
