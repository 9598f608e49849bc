//! What a component orders; see [`gaxx_abi::host::profile`].

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::ProfileError;

/// Samples in a second of CPU time.
pub(super) const HERTZ: RangeInclusive<u32> = 1..=250;
/// How long a profile takes, in seconds.
pub(super) const SECONDS: RangeInclusive<u64> = 1..=300;

/// What a component orders; see [`gaxx_abi::host::profile`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Begin to sample who uses the CPU.
    Cpu(Cpu),
    /// End this session and give its profile.
    Finish(u64),
    /// End this session.
    Cancel(u64),
    /// What is allocated.
    Heap(Heap),
}

/// How the CPU is to be sampled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    /// Samples in a second of CPU time, 1 to 250.
    pub hertz: u32,
    /// For how long, at most: 1 to 300.
    pub seconds: u64,
    /// The plugin whose process it is; empty for the program's own.
    #[serde(default)]
    pub plugin: String,
}

/// Whose heap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heap {
    /// The plugin whose process it is; empty for the program's own.
    #[serde(default)]
    pub plugin: String,
}

impl Order {
    /// Reads an order, and sees that its numbers are those that are taken.
    pub fn read(json: &str) -> Result<Self, ProfileError> {
        let order = serde_json::from_str(json).map_err(ProfileError::Order)?;
        match &order {
            Self::Cpu(cpu) if !HERTZ.contains(&cpu.hertz) => Err(ProfileError::Hertz(cpu.hertz)),
            Self::Cpu(cpu) if !SECONDS.contains(&cpu.seconds) => {
                Err(ProfileError::Seconds(cpu.seconds))
            }
            _ => Ok(order),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_abi::{Fault, fault::kind};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_order_is_one_member_and_its_numbers_have_bounds() {
        let cpu = |hertz: u32, seconds: u64| {
            Order::read(&format!(
                r#"{{"cpu":{{"hertz":{hertz},"seconds":{seconds}}}}}"#
            ))
        };
        let whole = Cpu {
            hertz: 250,
            seconds: 300,
            plugin: String::new(),
        };
        assert_eq!(cpu(250, 300).unwrap(), Order::Cpu(whole));
        assert!(cpu(1, 1).is_ok());
        for (hertz, seconds, named) in [(0, 1, "0"), (251, 1, "251"), (1, 0, "0"), (1, 301, "301")]
        {
            let fault = Fault::from(cpu(hertz, seconds).unwrap_err());
            assert_eq!(fault.kind, kind::PERMANENT);
            assert!(fault.message.contains(named), "{}", fault.message);
            assert!(fault.remedy.starts_with("take 1 to "), "{}", fault.remedy);
        }
        let of_a_plugin = Order::Heap(Heap {
            plugin: "demo".to_owned(),
        });
        assert_eq!(
            Order::read(r#"{"heap":{"plugin":"demo"}}"#).unwrap(),
            of_a_plugin
        );
        assert_eq!(
            Order::read(r#"{"heap":{}}"#).unwrap(),
            Order::Heap(Heap::default())
        );
        assert_eq!(Order::read(r#"{"finish":7}"#).unwrap(), Order::Finish(7));
        assert_eq!(Order::read(r#"{"cancel":7}"#).unwrap(), Order::Cancel(7));
        for wrong in [
            "",
            "{}",
            "null",
            r#"{"cpu":{"hertz":99}}"#,
            r#"{"cpu":{"hertz":-1,"seconds":1}}"#,
            r#"{"heap":{"plugins":"a"}}"#,
            r#"{"finish":1,"cancel":1}"#,
            r#"{"block":{}}"#,
        ] {
            let fault = Fault::from(Order::read(wrong).unwrap_err());
            assert_eq!(fault.kind, kind::PERMANENT, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_of_bounded_length(
            garbage in prop_oneof![
                ".{0,2000}",
                r#"\{"(cpu|heap|finish|cancel|[a-z]{0,1500})":[0-9{}\[\]":a-z,.-]{0,60}\}"#,
            ],
        ) {
            match Order::read(&garbage) {
                Ok(Order::Cpu(cpu)) => {
                    prop_assert!(HERTZ.contains(&cpu.hertz) && SECONDS.contains(&cpu.seconds));
                }
                Ok(_) => {}
                Err(error) => {
                    let fault = Fault::from(error);
                    prop_assert!(fault.message.chars().count() <= 1001);
                    prop_assert!(!fault.message.contains('\n'));
                }
            }
        }
    }
}
