//! `/debug/pprof/symbol`: names of addresses of this process, as Go's tools ask for them.

use gaxx_sdk::Process;
use gaxx_sdk::serde_json::Value;

use super::Visit;
use crate::{
    answer::{Answer, TEXT},
    refusal::Refusal,
    symbols::Job,
};

/// The most addresses of a request.
const MOST: usize = 10_000;

/// Who asks for no address learns that there are names.
pub(super) fn page(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    let asked = match visit.request.method() {
        "POST" => String::from_utf8_lossy(&visit.body),
        _ => visit.request.query().into(),
    };
    let addresses = parse(&asked)?;
    if addresses.is_empty() {
        return Ok(Answer::new(TEXT, "num_symbols: 1\n"));
    }
    let statistics = visit.process(Process::Statistics)?;
    let process = statistics.get("process_id").and_then(Value::as_u64);
    let process = process.and_then(|id| u32::try_from(id).ok());
    let unknown = || Refusal::Unreadable("it has no process_id".to_owned());
    let job = Job::Addresses {
        process: process.ok_or_else(unknown)?,
        addresses,
    };
    Ok(Answer::new(TEXT, visit.ask(&job, &[])?))
}

/// `0x55d0+0x55e0`: hexadecimal numbers joined by plus signs.
fn parse(text: &str) -> Result<Vec<u64>, Refusal> {
    let parts = text.trim().split('+').filter(|part| !part.is_empty());
    let addresses = parts.map(|part| {
        let digits = part
            .strip_prefix("0x")
            .filter(|digits| !digits.starts_with('+'));
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.ok_or_else(|| {
            let shown: String = part.chars().take(40).collect();
            let message = format!("{shown:?} is no address");
            Refusal::parameter(message, "join addresses by +: 0x55d0+0x55e0")
        })
    });
    let addresses: Vec<u64> = addresses.take(MOST + 1).collect::<Result<_, _>>()?;
    if addresses.len() > MOST {
        let message = format!("there are more than {MOST} addresses");
        return Err(Refusal::parameter(message, "ask for them in parts"));
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "55d0",
            "0x",
            "0xg",
            "0x+-1",
            "0x1 0x2",
            "0x11112222333344445",
        ] {
            assert_eq!(parse(text).unwrap_err().status(), 400, "{text}");
        }
        assert!(parse(&"0x1+".repeat(MOST)).is_ok());
        assert!(parse(&"0x1+".repeat(MOST + 1)).is_err());
    }

    proptest! {
        #[test]
        fn addresses_come_as_they_went(addresses in vec(any::<u64>(), 0..20)) {
            let texts: Vec<String> = addresses.iter().map(|it| format!("{it:#x}")).collect();
            prop_assert_eq!(parse(&texts.join("+")).unwrap(), addresses);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}|[0-9a-fx+]{0,60}") {
            if let Ok(addresses) = parse(&text) {
                prop_assert!(addresses.len() <= text.len());
            }
        }
    }
}
