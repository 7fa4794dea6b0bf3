//! Products, plans, immutable prices, entitlements.
