//! A logo for a workspace.

use http::Method;

use super::Client;

/// A PNG of one colour, 16 pixels wide and high.
const PICTURE: &str = "89504e470d0a1a0a0000000d494844520000001000000010080200000090916836000000164944415478da63504858401262\
    18d530aa61f86a00009cd820105c1bc0350000000049454e44ae426082";

/// Uploads a logo as a browser does.
pub async fn upload_logo(owner: &Client) {
    let picture = (0..PICTURE.len() / 2)
        .map(|at| u8::from_str_radix(&PICTURE[at * 2..at * 2 + 2], 16).expect("hexadecimal"));
    let mut body =
        b"--part\r\ncontent-disposition: form-data; name=\"logo\"; filename=\"logo.png\"\r\n\
        content-type: image/png\r\n\r\n"
            .to_vec();
    body.extend(picture);
    body.extend(b"\r\n--part--\r\n");
    let request = owner
        .request(Method::POST, "/app/settings/brand/logo")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "multipart/form-data; boundary=part")
        .body(axum::body::Body::from(body))
        .unwrap();
    owner.send(request).await.expect(303);
}
