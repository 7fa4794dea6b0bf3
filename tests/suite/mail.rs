//! Mail: written with its cause, delivered over real SMTP.

use std::time::Duration;

use kernel::Email;
use messaging::{Brand, Letter, Messaging};
use services::{MailSettings, Mailer};
use sqlx::Row as _;
use testkit::SmtpSink;
use uuid::Uuid;
use worker::{PlatformJobs, Worker};

use crate::queue::Queue;

fn letter(subject: &str) -> Letter {
    Letter::new("test.letter", subject)
        .to(&Email::parse("mara@example.com").unwrap(), "Mara Lindqvist")
        .reply_to(&Email::parse("studio@northlight.example").unwrap())
        .brand(Brand {
            name: "Northlight".into(),
            color: "#c2410c".into(),
            logo_url: None,
            host: "northlight.localhost:8080".into(),
        })
        .paragraph("Your pictures are ready.")
        .button("See them", "http://northlight.localhost:8080/g/1")
}

fn worker(queue: &Queue, sink: &SmtpSink) -> Worker {
    let settings = MailSettings {
        smtp_url: Some(sink.url()),
        sender: Email::parse("no-reply@atelier.example").unwrap(),
    };
    let messaging = Messaging::new(queue.db.clone(), Mailer::new(&settings).unwrap());
    let mut platform = PlatformJobs::default();
    platform.on(messaging::DELIVER, move |job| {
        let messaging = messaging.clone();
        async move {
            let delivery: messaging::Delivery = job.read()?;
            messaging.deliver(delivery.mail, job.now).await
        }
    });
    queue.worker_with(platform)
}

async fn state(queue: &Queue) -> (String, i32, Option<String>) {
    let row = sqlx::query("select state, attempts, last_error from mail_messages")
        .fetch_one(queue.db.pool())
        .await
        .unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[tokio::test]
async fn a_letter_of_a_tenant_arrives_in_both_forms() {
    let queue = Queue::new().await;
    let sink = SmtpSink::start().await;
    let tenant = queue.tenant();
    let mut tx = queue.begin(tenant).await;
    let id = letter("Your pictures, Žofia")
        .send(tx.conn(), Some(tenant), queue.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    worker(&queue, &sink).drain().await.unwrap();
    let mails = sink.mails();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.to, ["mara@example.com"]);
    assert_eq!(mail.from, "no-reply@atelier.example");
    assert_eq!(mail.header("Subject").unwrap(), "Your pictures, Žofia");
    assert_eq!(
        mail.header("From").unwrap(),
        "Northlight <no-reply@atelier.example>"
    );
    assert_eq!(
        mail.header("Reply-To").unwrap(),
        "studio@northlight.example"
    );
    assert_eq!(
        mail.header("Message-ID").unwrap(),
        format!("<{id}@atelier.example>")
    );
    assert!(
        mail.text_of("text/plain")
            .unwrap()
            .contains("See them:\r\nhttp://northlight.localhost:8080/g/1")
    );
    assert!(
        mail.text_of("text/html")
            .unwrap()
            .contains("href=\"http://northlight.localhost:8080/g/1\"")
    );
    assert_eq!(state(&queue).await, ("sent".to_owned(), 1, None));
}

#[tokio::test]
async fn a_letter_that_is_rolled_back_is_never_sent() {
    let queue = Queue::new().await;
    let sink = SmtpSink::start().await;
    let tenant = queue.tenant();
    let mut tx = queue.begin(tenant).await;
    letter("Never")
        .send(tx.conn(), Some(tenant), queue.now())
        .await
        .unwrap();
    drop(tx);
    worker(&queue, &sink).drain().await.unwrap();
    assert!(sink.mails().is_empty());
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let queue = Queue::new().await;
    let sink = SmtpSink::start().await;
    sink.refuse_next("450 4.2.1 Try again later");
    let mut tx = queue.db.begin().await.unwrap();
    letter("Soon")
        .send(tx.conn(), None, queue.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let worker = worker(&queue, &sink);
    worker.drain().await.unwrap();
    let (now, attempts, error) = state(&queue).await;
    assert_eq!((now.as_str(), attempts), ("queued", 1));
    assert!(error.unwrap().contains("450"));
    queue.clock.advance(Duration::from_secs(13));
    worker.drain().await.unwrap();
    assert_eq!(state(&queue).await, ("sent".to_owned(), 2, None));
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn a_refusal_for_good_is_not_repeated() {
    let queue = Queue::new().await;
    let sink = SmtpSink::start().await;
    sink.refuse_next("550 5.1.1 No such mailbox");
    let mut tx = queue.db.begin().await.unwrap();
    letter("Lost")
        .send(tx.conn(), None, queue.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let worker = worker(&queue, &sink);
    worker.drain().await.unwrap();
    queue.clock.advance(Duration::from_hours(24));
    worker.drain().await.unwrap();
    let (now, attempts, error) = state(&queue).await;
    assert_eq!((now.as_str(), attempts), ("failed", 1));
    assert!(error.unwrap().contains("550"));
    assert!(sink.mails().is_empty());
}

#[tokio::test]
async fn a_tenant_sends_for_itself_alone_and_reads_no_mail() {
    let queue = Queue::new().await;
    let (tenant, other) = (queue.tenant(), queue.tenant());
    for foreign in [Some(other), None] {
        let mut tx = queue.begin(tenant).await;
        let refused = letter("Forged").send(tx.conn(), foreign, queue.now()).await;
        assert!(refused.is_err(), "{foreign:?}");
    }
    let mut tx = queue.begin(tenant).await;
    letter("Own")
        .send(tx.conn(), Some(tenant), queue.now())
        .await
        .unwrap();
    let read = sqlx::query_scalar::<_, Uuid>("select id from mail_messages")
        .fetch_all(tx.conn())
        .await;
    assert!(read.is_err());
}
