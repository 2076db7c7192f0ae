//! Signed requests: AWS' Signature Version 4 ("Create a signed AWS API request", 2026-11) and Tencent's TC3 ("Signature
//! v3", 2026-11), which is the same with other words.
//!
//! In: the finished request, keys, Unix seconds. Out: its headers. A retry must be signed anew: signatures age.

use claviger_types::WallTime;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use super::Prepared;
use crate::settings::Settings;

/// What is put together and signed.
struct Draft<'a> {
    algorithm: &'a str,
    /// Who signs.
    id: &'a str,
    /// The moment, as it is signed.
    moment: &'a str,
    /// Date, place, service and the word at the end.
    scope: &'a [&'a str],
    /// Method, path, query.
    line: [&'a str; 3],
    /// Name and value, in order of the names.
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
}

/// Signs for AWS: `host` and `x-amz-date`.
pub(super) fn aws(request: &mut Prepared, settings: &Settings, now: WallTime) {
    let [id, key, region] = ["awsAccessKey", "awsSecretKey", "awsRegion"].map(|name| settings.text(name));
    let (date, time) = date_and_time(now.as_millis() / 1000);
    let moment = format!("{date}T{time}Z");
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    // every service but S3 escapes the path a second time
    let path = path.split('/').map(escaped_again).collect::<Vec<_>>().join("/");
    let authorization = Draft {
        algorithm: "AWS4-HMAC-SHA256",
        id: id.trim(),
        moment: &moment,
        scope: &[&date, region.trim(), "bedrock", "aws4_request"],
        line: [request.method.as_str(), &path, query],
        headers: &[("host", &request.authority), ("x-amz-date", &moment)],
        body: &request.body,
    }
    .signed(&format!("AWS4{}", key.trim()));
    write(request, &[(HeaderName::from_static("x-amz-date"), &moment), (AUTHORIZATION, &authorization)]);
}

/// Signs for Tencent's Hunyuan: `content-type`, `host` and `x-tc-action`.
pub(super) fn tencent(request: &mut Prepared, settings: &Settings, now: WallTime) {
    let [id, key] = ["hunyuanAuthId", "hunyuanAuthKey"].map(|name| settings.text(name));
    let seconds = now.as_millis() / 1000;
    let (moment, (date, _)) = (seconds.to_string(), date_and_time(seconds));
    let date = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
    let text = |name: HeaderName| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let action = text(HeaderName::from_static("x-tc-action")).to_ascii_lowercase();
    let authorization = Draft {
        algorithm: "TC3-HMAC-SHA256",
        id: id.trim(),
        moment: &moment,
        scope: &[&date, "hunyuan", "tc3_request"],
        line: [request.method.as_str(), &request.path, ""],
        headers: &[("content-type", text(CONTENT_TYPE)), ("host", &request.authority), ("x-tc-action", &action)],
        body: &request.body,
    }
    .signed(&format!("TC3{}", key.trim()));
    write(request, &[(HeaderName::from_static("x-tc-timestamp"), &moment), (AUTHORIZATION, &authorization)]);
}

impl Draft<'_> {
    /// The value of `authorization`.
    fn signed(&self, key: &str) -> String {
        let names = self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines: String = self.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let [method, path, query] = self.line;
        let request = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{}", hex(&Sha256::digest(self.body)));
        let scope = self.scope.join("/");
        let text = format!("{}\n{}\n{scope}\n{}", self.algorithm, self.moment, hex(&Sha256::digest(request)));
        let key = self.scope.iter().fold(key.as_bytes().to_vec(), |key, word| hmac(&key, word.as_bytes()).to_vec());
        let signature = hex(&hmac(&key, text.as_bytes()));
        let (algorithm, id) = (self.algorithm, self.id);
        format!("{algorithm} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }
}

fn write(request: &mut Prepared, headers: &[(HeaderName, &str)]) {
    for (name, text) in headers {
        if let Ok(mut value) = HeaderValue::from_str(text) {
            value.set_sensitive(*name == AUTHORIZATION);
            request.headers.insert(name, value);
        }
    }
}

/// RFC 2104 with SHA-256, whose blocks have 64 bytes.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A segment that is escaped already, escaped once more.
fn escaped_again(segment: &str) -> String {
    crate::url::escaped(segment).replace(':', "%3A").replace('@', "%40")
}

/// `20150830` and `123600`, UTC: Howard Hinnant's `civil_from_days` (howardhinnant.github.io/date_algorithms.html) for
/// days that are not negative.
fn date_and_time(seconds: u64) -> (String, String) {
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let third = (5 * of_year + 2) / 153;
    let day = of_year - (153 * third + 2) / 5 + 1;
    let month = if third < 10 { third + 3 } else { third - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let time = format!("{:02}{:02}{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60);
    (format!("{year:04}{month:02}{day:02}"), time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_aws_gets_its_signature() {
        // "Signature Version 4 signing process", the request to IAM that lists users
        let (date, time) = date_and_time(1_440_938_160);
        let moment = format!("{date}T{time}Z");
        assert_eq!(moment, "20150830T123600Z");
        let authorization = Draft {
            algorithm: "AWS4-HMAC-SHA256",
            id: "AKIDEXAMPLE",
            moment: &moment,
            scope: &[&date, "us-east-1", "iam", "aws4_request"],
            line: ["GET", "/", "Action=ListUsers&Version=2010-05-08"],
            headers: &[
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("host", "iam.amazonaws.com"),
                ("x-amz-date", &moment),
            ],
            body: b"",
        }
        .signed("AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        assert_eq!(authorization.rsplit_once('=').map(|(_, signature)| signature), Some(signature));
    }

    #[test]
    fn a_path_is_escaped_a_second_time() {
        assert_eq!(escaped_again("amazon.nova-lite-v1%3A0"), "amazon.nova-lite-v1%253A0");
    }
}
