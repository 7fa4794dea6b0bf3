//! What a page complains about: errors on its console, uncaught exceptions, what the browser logs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chromiumoxide::cdp::browser_protocol::log::{EventEntryAdded, LogEntryLevel};
use chromiumoxide::cdp::browser_protocol::page::EventJavascriptDialogOpening;
use chromiumoxide::cdp::js_protocol::runtime::{
    ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown,
};
use chromiumoxide::listeners::EventStream;
use futures::StreamExt as _;
use serde_json::json;

use super::{Browser, Call};

/// What Chromium says of itself: it gives up an animation between two pages when the next page comes fast.
const NOISE: &str = "Transition was aborted because of invalid state";

/// The complaints of one page.
#[derive(Debug, Clone, Default)]
pub(super) struct Console(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    complaints: Vec<String>,
    allowed: Vec<String>,
}

impl Console {
    /// Listens to a page until it closes, and agrees to whatever it asks in a dialog of the browser.
    pub(super) async fn attach(browser: Browser, tab: &chromiumoxide::Page) -> Self {
        let console = Self::default();
        let entries: EventStream<EventEntryAdded> = events(tab).await;
        let calls: EventStream<EventConsoleApiCalled> = events(tab).await;
        let exceptions: EventStream<EventExceptionThrown> = events(tab).await;
        let mut dialogs: EventStream<EventJavascriptDialogOpening> = events(tab).await;
        let entries = entries.filter_map(async |entry| {
            let entry = &entry.entry;
            let place = entry.url.as_deref().unwrap_or_default();
            (entry.level == LogEntryLevel::Error).then(|| format!("{} {place}", entry.text))
        });
        let calls = calls.filter_map(async |call| {
            let failed = matches!(
                call.r#type,
                ConsoleApiCalledType::Error | ConsoleApiCalledType::Assert
            );
            let words = call.args.iter().map(|word| {
                let value = word.value.as_ref().map(ToString::to_string);
                value.or(word.description.clone()).unwrap_or_default()
            });
            failed.then(|| words.collect::<Vec<_>>().join(" "))
        });
        let exceptions = exceptions.map(|thrown| {
            let details = &thrown.exception_details;
            let inner = details.exception.as_ref();
            let description = inner.and_then(|exception| exception.description.clone());
            format!("{} {}", details.text, description.unwrap_or_default())
        });
        let mut complaints = futures::stream::select(
            Box::pin(entries),
            futures::stream::select(Box::pin(calls), Box::pin(exceptions)),
        );
        let here = console.clone();
        browser.0.runtime.spawn(async move {
            while let Some(complaint) = complaints.next().await {
                here.lock().complaints.push(complaint);
            }
        });
        let tab = tab.clone();
        browser.0.runtime.spawn(async move {
            while dialogs.next().await.is_some() {
                let accept = Call {
                    method: "Page.handleJavaScriptDialog",
                    parameters: json!({ "accept": true }),
                };
                // A page that closed meanwhile has no dialog any more.
                let _ = tab.execute(accept).await;
            }
        });
        console
    }

    /// Takes complaints that contain `part` as expected.
    pub(super) fn allow(&self, part: &str) {
        self.lock().allowed.push(part.to_owned());
    }

    /// Drops what there is so far.
    pub(super) fn forget(&self) {
        self.lock().complaints.clear();
    }

    /// What nobody expected, so far.
    pub(super) fn unexpected(&self) -> Vec<String> {
        let state = self.lock();
        let expected = |complaint: &String| {
            complaint.contains(NOISE)
                || state
                    .allowed
                    .iter()
                    .any(|part| complaint.contains(part.as_str()))
        };
        state
            .complaints
            .iter()
            .filter(|complaint| !expected(complaint))
            .cloned()
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn events<T: chromiumoxide::cdp::IntoEventKind + Unpin>(
    tab: &chromiumoxide::Page,
) -> EventStream<T> {
    tab.event_listener().await.expect("events of the page")
}
