//! How long a lease is held: when it is renewed, and when it is lost. Knows no network: asking the
//! server is passed in.

use super::message::{Kind, Reply};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Renewals are not tried more often than this, and an answer is not waited for any longer.
const PAUSE: Duration = Duration::from_secs(5);

/// Holds a lease from the time it was given, and returns when it is lost. At half its time the
/// server is asked (`ask` is told how long to wait), and when it is silent again at half of what
/// is left.
pub async fn hold<A: Future<Output = Option<Reply>>>(
    lease: &Reply,
    given: Instant,
    ask: impl Fn(Duration) -> A,
) {
    let (mut length, mut from) = (lease.lease, given);
    loop {
        let expiry = from + length;
        sleep_until(from + length / 2).await;
        loop {
            let begun = Instant::now();
            let left = expiry.saturating_duration_since(begun);
            if left.is_zero() {
                return;
            }
            match ask(PAUSE.min(left)).await {
                Some(answer) if answer.kind == Kind::Ack && answer.address == lease.address => {
                    (length, from) = (answer.lease, begun);
                    break;
                }
                Some(_) => return,
                None => sleep_until(begun + (left / 2).max(PAUSE).min(left)).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn reply(kind: Kind, seconds: u64) -> Reply {
        Reply {
            kind,
            address: [10, 0, 2, 15].into(),
            prefix: 24,
            server: [10, 0, 2, 2].into(),
            routers: Vec::new(),
            resolvers: Vec::new(),
            hostname: None,
            mtu: None,
            lease: Duration::from_secs(seconds),
        }
    }

    /// Holds a lease of 400 s against a server that gives these answers, silence at the end.
    /// Gives the seconds at which it was asked and the second at which the lease was lost.
    async fn held(answers: Vec<Option<Reply>>) -> (Vec<u64>, u64) {
        let given = Instant::now();
        let asked = RefCell::new(Vec::new());
        let answers = RefCell::new(answers.into_iter());
        let ask = |wait: Duration| {
            asked.borrow_mut().push(given.elapsed().as_secs());
            let answer = answers.borrow_mut().next().flatten();
            async move {
                if answer.is_none() {
                    tokio::time::sleep(wait).await;
                }
                answer
            }
        };
        hold(&reply(Kind::Ack, 400), given, ask).await;
        (asked.into_inner(), given.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_is_asked_ever_more_often_until_the_time_is_up() {
        let (asked, lost) = held(Vec::new()).await;
        assert_eq!(asked, [200, 300, 350, 375, 387, 393, 398]);
        assert_eq!(lost, 400);
    }

    #[tokio::test(start_paused = true)]
    async fn each_renewal_begins_a_new_time() {
        let renewed = Some(reply(Kind::Ack, 400));
        let shorter = Some(reply(Kind::Ack, 100));
        let (asked, lost) = held(vec![renewed, None, shorter]).await;
        // Renewed at 200, silent at 400, renewed at 500 for 100 s.
        assert_eq!(asked[..4], [200, 400, 500, 550]);
        assert_eq!(lost, 600);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_and_another_address_end_it() {
        assert_eq!(held(vec![Some(reply(Kind::Nak, 0))]).await.1, 200);
        let other = Reply {
            address: [10, 0, 2, 16].into(),
            ..reply(Kind::Ack, 400)
        };
        assert_eq!(held(vec![Some(other)]).await.1, 200);
    }
}
