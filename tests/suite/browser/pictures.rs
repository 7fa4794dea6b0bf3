//! A picture on its way from the clipboard to readers, and the library by drag and drop.

use testkit::browser::{Browser, Device, Page};

use super::{look, sign_up};
use crate::support::LiveApp;

/// Makes a picture in the page, as a camera would have: `picture(name, colour)` is a promise of a file.
const PICTURE: &str = "
globalThis.picture = async (name, colour) => {
  const canvas = new OffscreenCanvas(900, 600), paint = canvas.getContext('2d');
  paint.fillStyle = colour; paint.fillRect(0, 0, 900, 600);
  paint.fillStyle = 'white'; paint.fillRect(100, 100, 300, 200);
  return new File([await canvas.convertToBlob({ type: 'image/jpeg' })], name, { type: 'image/jpeg' });
};
globalThis.carry = (...files) => { const data = new DataTransfer(); files.forEach((file) => data.items.add(file)); return data; };
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_pasted_on_a_desktop_reaches_readers_on_every_device() {
    journey(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_chosen_on_a_phone_reaches_readers_on_every_device() {
    journey(Device::Phone).await;
}

async fn journey(written_on: Device) {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let owner = browser.page(written_on).await;
    sign_up(
        &app,
        &owner,
        "Northlight",
        "Mara Lindqvist",
        "mara@northlight.test",
    )
    .await;
    owner
        .goto(&app.tenant("northlight", "/app/blog/posts/new"))
        .await;
    owner.fill("Title", "Boats at night").await;
    owner.fill("Text in Markdown", "Before.").await;
    owner.run(PICTURE).await;
    match written_on {
        Device::Desktop => paste(&owner).await,
        Device::Phone => choose(&owner).await,
    }
    describe(&owner, written_on).await;
    drop_on_a_list(&app, &owner, written_on).await;
    let live = publish(&app, &owner).await;
    for device in [Device::Desktop, Device::Phone] {
        let reader = browser.page(device).await;
        read(&app, &reader, device, &live).await;
    }
}

/// Chooses a picture from those on the device, by the button above the text.
async fn choose(page: &Page) {
    page.run(
        "(() => { const area = document.querySelector('[name=content]');
           area.focus(); area.setSelectionRange(area.value.length, area.value.length);
           document.execCommand('insertText', false, '\\n\\n'); })()",
    )
    .await;
    page.click_css("[data-md=image]").await;
    page.wait_for("document.querySelector('#picture-dialog')?.open")
        .await;
    page.run(
        "(async () => {
           const field = document.querySelector('#f-picture');
           field.files = carry(await picture('boats.jpg', 'navy')).files;
           field.dispatchEvent(new Event('change', { bubbles: true }));
         })()",
    )
    .await;
    page.wait_for("!document.querySelector('[data-picture-shown]').hidden")
        .await;
    page.focus("Alt text").await;
}

/// Pastes a picture.
async fn paste(page: &Page) {
    page.run(
        "(async () => {
           const area = document.querySelector('[name=content]');
           area.focus(); area.setSelectionRange(area.value.length, area.value.length);
           document.execCommand('insertText', false, '\\n\\n');
           const data = carry(await picture('boats.jpg', 'navy'));
           area.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
         })()",
    )
    .await;
    page.wait_for("document.querySelector('#picture-dialog').open && document.activeElement.id === 'f-picture-alt'")
        .await;
    page.wait_for(
        "document.querySelector('[name=content]').value.includes('![Uploading boats.jpg')",
    )
    .await;
}

/// Describes the picture by keyboard alone, and sees a refusal where it happens.
async fn describe(page: &Page, device: Device) {
    look(page, device, "pictures-dialog").await;
    page.type_text("Two boats [at night]").await;
    page.press("Enter").await;
    page.wait_for("!document.querySelector('#picture-dialog').open")
        .await;
    page.wait_for(
        r"/^Before\.\n\n!\[Two boats \\\[at night\\\]\]\(\/media\/[0-9a-f-]{36}\/900\/boats\.jpg\)$/.test(document.querySelector('[name=content]').value)",
    )
    .await;
    let focused: String = page.eval("document.activeElement.name").await;
    assert_eq!(focused, "content");

    // What is no picture is refused in the dialog, and leaves no trace in the text.
    let before: String = page
        .eval("document.querySelector('[name=content]').value")
        .await;
    page.allow("status of 422");
    page.run(
        "document.querySelector('[name=content]').dispatchEvent(new ClipboardEvent('paste', {
           clipboardData: carry(new File(['<svg/>'], 'x.svg', { type: 'image/svg+xml' })), bubbles: true, cancelable: true }))",
    )
    .await;
    page.wait_for_text("SVG pictures can carry scripts").await;
    page.press("Escape").await;
    page.wait_for("!document.querySelector('#picture-dialog').open")
        .await;
    page.wait_for(&format!(
        "document.querySelector('[name=content]').value === {before:?}"
    ))
    .await;

    // The picture that stands for the post, by its address.
    page.wait_for("!document.querySelector('[data-editor-tools]').hidden")
        .await;
    let address: String = page
        .eval("document.querySelector('[name=content]').value.match(/\\/media\\/[^)]+/)[0]")
        .await;
    page.fill("Picture", &address).await;
}

/// The library takes what is dropped anywhere on its page.
async fn drop_on_a_list(app: &LiveApp, editor: &Page, device: Device) {
    editor.click("button", "Save draft").await;
    editor.wait_for_text("Draft saved").await;
    let edit = editor.url().await;
    editor.goto(&app.tenant("northlight", "/app/files")).await;
    editor.wait_for_text("boats.jpg").await;
    editor.run(PICTURE).await;
    editor
        .run(
            "(async () => {
               const data = carry(await picture('gull.jpg', 'teal'), new File(['text'], 'notes.txt', { type: 'text/plain' }));
               document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
             })()",
        )
        .await;
    editor
        .wait_for_text("Only JPEG, PNG and WebP pictures are taken.")
        .await;
    editor
        .wait_for("[...document.querySelectorAll('.files-grid .files-name')].some((link) => link.textContent === 'gull.jpg')")
        .await;
    look(editor, device, "pictures-library").await;
    editor.goto(&edit).await;
}

async fn publish(app: &LiveApp, page: &Page) -> String {
    page.click("button", "Publish").await;
    page.wait_for_text("The post is live").await;
    page.click("link", "View on the website").await;
    page.wait_for("location.pathname.startsWith('/blog/') && document.readyState === 'complete'")
        .await;
    let live: String = page.eval("location.pathname").await;
    // What is shown is not deleted in passing.
    page.goto(&app.tenant("northlight", "/app/files")).await;
    page.click("link", "boats.jpg").await;
    page.wait_for_text("Where it is used").await;
    page.allow("status of 409");
    page.click("button", "Delete").await;
    page.wait_for_text("Boats at night").await;
    page.wait_for_text("Delete anyway").await;
    live
}

/// Both pictures are there, sharp, described, and hold their place while they load.
async fn read(app: &LiveApp, page: &Page, device: Device, live: &str) {
    page.goto(&app.tenant("northlight", live)).await;
    page.wait_for(
        "(() => { const [feature, picture] = document.querySelectorAll('main figure img');
           picture?.scrollIntoView();
           return feature?.complete && picture?.complete && feature.naturalWidth > 0 && picture.naturalWidth > 0; })()",
    )
    .await;
    let (alt, sized, wide): (String, bool, bool) = page
        .eval(
            "(() => { const images = [...document.querySelectorAll('main figure img')];
               return [images[1].alt, images.every((image) => image.width > 0 && image.hasAttribute('height') && image.srcset),
                       document.documentElement.scrollWidth > document.documentElement.clientWidth]; })()",
        )
        .await;
    assert_eq!(alt, "Two boats [at night]");
    assert!(sized && !wide);
    look(page, device, "pictures-post").await;
    page.goto(&app.tenant("northlight", "/blog")).await;
    page.wait_for("document.querySelector('.blog-thumb img')?.naturalWidth > 0")
        .await;
}
