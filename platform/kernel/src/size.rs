//! Numbers of bytes as people read them.

/// So many bytes: `0 bytes`, `812 KB`, `3.4 MB`, `5 GB`. Steps are of 1,000, as storage is sold.
#[must_use]
pub fn size(bytes: i64) -> String {
    const UNITS: [(i64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "KB"),
    ];
    let Some((unit, name)) = UNITS.into_iter().find(|(unit, _)| bytes >= *unit) else {
        return if bytes == 1 {
            "1 byte".to_owned()
        } else {
            format!("{bytes} bytes")
        };
    };
    let (whole, tenth) = (bytes / unit, bytes % unit * 10 / unit);
    if whole >= 100 || tenth == 0 {
        format!("{whole} {name}")
    } else {
        format!("{whole}.{tenth} {name}")
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_read_well() {
        let cases = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1 KB"),
            (1_050, "1 KB"),
            (3_450_000, "3.4 MB"),
            (812_900_000, "812 MB"),
            (5_000_000_000, "5 GB"),
            (1_200_000_000_000, "1.2 TB"),
        ];
        for (bytes, shown) in cases {
            assert_eq!(size(bytes), shown);
        }
    }
}
