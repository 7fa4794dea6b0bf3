//! Prices and what follows from them: periods, recurring revenue, and what a change in the middle of a period costs.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use kernel::{Currency, Error, Money, Result, Timestamp};

kernel::id!(
    /// Names one version of a plan's price, as the catalogue does.
    PriceId
);
kernel::id!(
    /// Names a plan, as the catalogue does.
    PlanId
);

/// How often a price is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cycle {
    /// Every month.
    Monthly,
    /// Every year.
    Yearly,
}

impl Cycle {
    /// Reads the name as stored.
    ///
    /// # Errors
    /// [`Error::Internal`] for any other.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "monthly" => Ok(Self::Monthly),
            "yearly" => Ok(Self::Yearly),
            other => Err(Error::internal(format!("unknown billing cycle {other}"))),
        }
    }

    /// Name as stored: `monthly`, `yearly`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Monthly => "monthly",
            Self::Yearly => "yearly",
        }
    }

    /// As it stands behind an amount: "per month".
    #[must_use]
    pub fn per(self) -> &'static str {
        match self {
            Self::Monthly => "per month",
            Self::Yearly => "per year",
        }
    }

    /// Its length in calendar months.
    #[must_use]
    pub fn months(self) -> i64 {
        match self {
            Self::Monthly => 1,
            Self::Yearly => 12,
        }
    }

    /// The first end of a period after `after`, when periods are counted from `anchor`.
    ///
    /// Counted on the calendar, in UTC, always from the anchor: what began on the 31st is due on the last day of short
    /// months and on the 31st of long ones.
    ///
    /// # Errors
    /// [`Error::Internal`] beyond the end of representable time.
    pub fn end_after(self, anchor: Timestamp, after: Timestamp) -> Result<Timestamp> {
        let start = anchor.instant().to_zoned(TimeZone::UTC);
        // A month has at most 31 days, so this many whole cycles have passed at least.
        let days = i64::try_from(after.since(anchor).as_secs() / (24 * 60 * 60))
            .map_err(Error::internal)?;
        let mut months = days / 31 / self.months() * self.months();
        loop {
            months += self.months();
            let end: Timestamp = start
                .checked_add(months.months())
                .map_err(Error::internal)?
                .timestamp()
                .into();
            if end > after {
                return Ok(end);
            }
        }
    }
}

/// One version of a plan's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Its id.
    pub id: PriceId,
    /// How often it is due.
    pub cycle: Cycle,
    /// How much each time, for one.
    pub amount: Money,
}

impl Price {
    /// What is due for each period.
    ///
    /// # Errors
    /// [`Error::Internal`] when the amount overflows.
    pub fn times(&self, quantity: i32) -> Result<Money> {
        let minor = self
            .amount
            .minor
            .checked_mul(i64::from(quantity))
            .ok_or_else(|| Error::internal("an amount overflows"))?;
        Ok(Money::new(minor, self.amount.currency))
    }

    /// Monthly recurring revenue in minor units: a year's price counts a twelfth, rounded half away from zero.
    ///
    /// # Errors
    /// [`Error::Internal`] when the amount overflows.
    pub fn monthly(&self, quantity: i32) -> Result<i64> {
        let minor = self.times(quantity)?.minor;
        divide(i128::from(minor), i128::from(self.cycle.months()))
    }
}

/// The quotient, rounded half away from zero (decisions, section 7).
fn divide(dividend: i128, divisor: i128) -> Result<i64> {
    let (whole, rest) = (dividend / divisor, dividend % divisor);
    let up = rest.abs() * 2 >= divisor.abs();
    let sign = if (dividend < 0) == (divisor < 0) {
        1
    } else {
        -1
    };
    i64::try_from(if up { whole + sign } else { whole }).map_err(Error::internal)
}

/// What is left of a period.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    left: i128,
    whole: i128,
}

impl Rest {
    /// What is left at `at` of the period from `start` to `end`. More than a whole one when the period was paid ahead
    /// and has not begun.
    #[must_use]
    pub fn of(start: Timestamp, end: Timestamp, at: Timestamp) -> Self {
        let micros = |from: Timestamp, to: Timestamp| {
            i128::from(to.as_microseconds()) - i128::from(from.as_microseconds())
        };
        Self {
            left: micros(at, end).max(0),
            whole: micros(start, end).max(1),
        }
    }

    /// The part of a period's price that falls on the rest, rounded half away from zero.
    ///
    /// # Errors
    /// [`Error::Internal`] when the amount overflows.
    pub fn share(self, amount: Money) -> Result<Money> {
        let product = i128::from(amount.minor)
            .checked_mul(self.left)
            .ok_or_else(|| Error::internal("an amount overflows"))?;
        Ok(Money::new(divide(product, self.whole)?, amount.currency))
    }
}

/// An amount as people read it: the currency's sign, whole amounts without decimals.
#[must_use]
pub fn display(money: Money) -> String {
    let sign = match money.currency {
        Currency::EUR => "€".to_owned(),
        Currency::USD => "$".to_owned(),
        Currency::GBP => "£".to_owned(),
        other => format!("{other} "),
    };
    let amount = money.decimal();
    if amount.is_integer() {
        format!("{sign}{}", amount.trunc())
    } else {
        format!("{sign}{amount}")
    }
}

/// So many days.
pub(crate) const fn days(count: u64) -> Duration {
    Duration::from_hours(24 * count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn price(cycle: Cycle, minor: i64) -> Price {
        Price {
            id: PriceId::new(),
            cycle,
            amount: Money::new(minor, Currency::EUR),
        }
    }

    #[test]
    fn periods_keep_to_the_day_they_began_on() {
        let anchor = at("2026-01-31T10:00:00Z");
        let mut end = anchor;
        for expected in ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"] {
            end = Cycle::Monthly.end_after(anchor, end).unwrap();
            assert_eq!(end.to_string(), format!("{expected}T10:00:00Z"));
        }
        let leap = at("2028-02-29T00:00:00Z");
        let year = Cycle::Yearly.end_after(leap, leap).unwrap();
        assert_eq!(year.to_string(), "2029-02-28T00:00:00Z");
        let later = Cycle::Yearly
            .end_after(leap, at("2031-06-01T00:00:00Z"))
            .unwrap();
        assert_eq!(later.to_string(), "2032-02-29T00:00:00Z");
    }

    #[test]
    fn a_year_counts_a_twelfth_each_month_rounded_half_away_from_zero() {
        assert_eq!(price(Cycle::Yearly, 19_000).monthly(1).unwrap(), 1_583);
        assert_eq!(price(Cycle::Yearly, 9_006).monthly(1).unwrap(), 751);
        assert_eq!(price(Cycle::Yearly, 9_005).monthly(1).unwrap(), 750);
        assert_eq!(price(Cycle::Monthly, 1_900).monthly(3).unwrap(), 5_700);
        assert_eq!(divide(-5, 2).unwrap(), -3);
        assert_eq!(divide(5, 2).unwrap(), 3);
    }

    /// The check value of the specification: 30 days, from 15.00 to 30.00 at day 10 exactly.
    #[test]
    fn a_change_at_a_third_of_the_period_costs_ten() {
        let rest = Rest::of(
            at("2026-04-01T00:00:00Z"),
            at("2026-05-01T00:00:00Z"),
            at("2026-04-11T00:00:00Z"),
        );
        let euro = |minor| Money::new(minor, Currency::EUR);
        assert_eq!(rest.share(euro(1_500)).unwrap(), euro(1_000));
        assert_eq!(rest.share(euro(3_000)).unwrap(), euro(2_000));
    }

    proptest! {
        /// An end lies after the instant and at most one cycle behind it.
        #[test]
        fn ends_follow_each_other(start in 0_i64..4_000_000_000, passed in 0_i64..400_000_000) {
            let anchor = Timestamp::from_microseconds(start * 1_000_000).unwrap();
            let after = Timestamp::from_microseconds((start + passed) * 1_000_000).unwrap();
            for cycle in [Cycle::Monthly, Cycle::Yearly] {
                let end = cycle.end_after(anchor, after).unwrap();
                prop_assert!(end > after);
                prop_assert!(end.since(after) <= days(31 * cycle.months().unsigned_abs()));
            }
        }
    }
}
