//! How long a job that failed waits.

use std::time::Duration;

use uuid::Uuid;

/// After the first failure; each further one doubles it.
const FIRST: Duration = Duration::from_secs(10);
/// At most.
const LONGEST: Duration = Duration::from_hours(1);

/// The pause after the attempt of that number, counting from one.
///
/// Up to a quarter is added, by the job's id and the attempt: jobs that failed together because
/// something was down do not come back together.
pub(crate) fn pause(job: Uuid, attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1))
        .unwrap_or(0)
        .min(16);
    let base = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    // The last bytes of a UUIDv7 are random; the attempt turns them into another number each time.
    let random = job.as_bytes()[8..]
        .iter()
        .fold(u32::try_from(attempt).unwrap_or(0), |hash, byte| {
            hash.wrapping_mul(0x0100_0193) ^ u32::from(*byte)
        });
    base + base / 4 * (random % 1_000) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_spread() {
        let job = kernel::new_uuid();
        for (attempt, seconds) in [
            (1, 10),
            (2, 20),
            (3, 40),
            (9, 2_560),
            (10, 3_600),
            (100, 3_600),
        ] {
            let base = Duration::from_secs(seconds);
            let pause = pause(job, attempt);
            assert!(
                pause >= base && pause <= base + base / 4,
                "{attempt}: {pause:?}"
            );
        }
        let pauses: std::collections::BTreeSet<Duration> =
            (0..50).map(|_| pause(kernel::new_uuid(), 1)).collect();
        assert!(pauses.len() > 25, "{pauses:?}");
    }
}
