//! Money: whole minor units of one currency, never a float.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Error, FieldError, Result};

/// A currency of ISO 4217 that the product bills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[expect(missing_docs, reason = "the code is the name")]
pub enum Currency {
    EUR,
    USD,
    GBP,
    CHF,
    SEK,
    NOK,
    DKK,
    PLN,
    CZK,
    CAD,
    AUD,
    NZD,
    JPY,
    KRW,
    INR,
    BRL,
    MXN,
    ZAR,
    BDT,
    KWD,
}

impl Currency {
    /// Every currency, in the order that forms offer them.
    pub const ALL: [Self; 20] = [
        Self::EUR,
        Self::USD,
        Self::GBP,
        Self::CHF,
        Self::SEK,
        Self::NOK,
        Self::DKK,
        Self::PLN,
        Self::CZK,
        Self::CAD,
        Self::AUD,
        Self::NZD,
        Self::JPY,
        Self::KRW,
        Self::INR,
        Self::BRL,
        Self::MXN,
        Self::ZAR,
        Self::BDT,
        Self::KWD,
    ];

    /// The three letters of ISO 4217.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::EUR => "EUR",
            Self::USD => "USD",
            Self::GBP => "GBP",
            Self::CHF => "CHF",
            Self::SEK => "SEK",
            Self::NOK => "NOK",
            Self::DKK => "DKK",
            Self::PLN => "PLN",
            Self::CZK => "CZK",
            Self::CAD => "CAD",
            Self::AUD => "AUD",
            Self::NZD => "NZD",
            Self::JPY => "JPY",
            Self::KRW => "KRW",
            Self::INR => "INR",
            Self::BRL => "BRL",
            Self::MXN => "MXN",
            Self::ZAR => "ZAR",
            Self::BDT => "BDT",
            Self::KWD => "KWD",
        }
    }

    /// Reads an ISO code.
    ///
    /// # Errors
    /// For the field `currency`, when the product does not bill in it.
    pub fn parse(code: &str) -> Result<Self, FieldError> {
        Self::ALL
            .into_iter()
            .find(|currency| currency.code() == code)
            .ok_or_else(|| {
                FieldError::new("currency", "invalid", "Choose a currency from the list.")
            })
    }

    /// Digits after the decimal point (ISO 4217 "minor unit"): none for yen and won, three for the Kuwaiti dinar.
    #[must_use]
    pub fn exponent(self) -> u32 {
        match self {
            Self::JPY | Self::KRW => 0,
            Self::KWD => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of money in minor units (cents) of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units: 1999 is 19.99 in euro and 1,999 in yen.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// An amount of minor units.
    #[must_use]
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads an amount as people write it: `19`, `19.50`. No signs, no grouping, no more digits than the currency has.
    ///
    /// # Errors
    /// The broken rule, for the field `amount`.
    pub fn read(text: &str, currency: Currency) -> Result<Self, FieldError> {
        let text = text.trim();
        let invalid = || {
            FieldError::new(
                "amount",
                "invalid",
                format!(
                    "Enter an amount such as {}.",
                    Self::new(1900, currency).decimal()
                ),
            )
        };
        if text.is_empty()
            || !text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return Err(invalid());
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = currency.exponent() as usize;
        if whole.is_empty() || fraction.len() > digits || fraction.contains('.') {
            return Err(invalid());
        }
        format!("{whole}{fraction:0<digits$}")
            .parse()
            .map(|minor| Self::new(minor, currency))
            .map_err(|_| invalid())
    }

    /// The amount in major units, exactly.
    #[must_use]
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.exponent())
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`Error::Internal`] when the currencies differ or the sum overflows: callers keep currencies apart.
    #[track_caller]
    pub fn plus(self, other: Self) -> Result<Self> {
        if self.currency != other.currency {
            return Err(Error::internal(format!(
                "adding {} to {}",
                other.currency, self.currency
            )));
        }
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or_else(|| Error::internal("money overflow"))?;
        Ok(Self { minor, ..self })
    }
}

/// `19.00 EUR`, as the API and logs show it. Pages write amounts in the tenant's way.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_follow_the_currency() {
        assert_eq!(Money::new(1999, Currency::EUR).to_string(), "19.99 EUR");
        assert_eq!(Money::new(1999, Currency::JPY).to_string(), "1999 JPY");
        assert_eq!(Money::new(1999, Currency::KWD).to_string(), "1.999 KWD");
    }

    #[test]
    fn amounts_are_read_to_the_cent() {
        let read = |text, currency| Money::read(text, currency).ok().map(|money| money.minor);
        assert_eq!(read("19", Currency::EUR), Some(1900));
        assert_eq!(read(" 19.5 ", Currency::EUR), Some(1950));
        assert_eq!(read("0.05", Currency::EUR), Some(5));
        assert_eq!(read("500", Currency::JPY), Some(500));
        assert_eq!(read("1.234", Currency::KWD), Some(1234));
        for bad in [
            "",
            ".5",
            "-1",
            "1.234",
            "1,50",
            "1e3",
            "1.2.3",
            "99999999999999999999",
        ] {
            assert_eq!(read(bad, Currency::EUR), None, "{bad}");
        }
        assert_eq!(read("1.5", Currency::JPY), None);
    }

    #[test]
    fn currencies_do_not_mix() {
        assert!(
            Money::new(1, Currency::EUR)
                .plus(Money::new(1, Currency::USD))
                .is_err()
        );
        assert!(
            Money::new(i64::MAX, Currency::EUR)
                .plus(Money::new(1, Currency::EUR))
                .is_err()
        );
        assert_eq!(
            Money::new(1, Currency::EUR)
                .plus(Money::new(2, Currency::EUR))
                .unwrap()
                .minor,
            3
        );
    }

    #[test]
    fn every_currency_reads_its_own_code() {
        for currency in Currency::ALL {
            assert_eq!(Currency::parse(currency.code()).unwrap(), currency);
        }
        assert!(Currency::parse("XXX").is_err());
    }
}
