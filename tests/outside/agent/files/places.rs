//! The plugin as a library, in the program and in a process of its own.

use std::fs;

use gaxx_tests::{PluginFolder, bare_binary, cdylib, wait_until};

use super::{Data, get, put};

#[test]
fn it_works_as_a_library_too() {
    let library = cdylib("gaxx-file-transfer");
    for isolation in ["in-process", "process"] {
        let (data, plugins) = (Data::new(), PluginFolder::new());
        plugins.add(&library);
        let config = data.config("").replace(
            "plugins:\n",
            &format!("plugins:\n  isolation: {isolation}\n"),
        );
        let builder = gaxx_tests::Agent::builder()
            .config(&config)
            .program(bare_binary());
        let agent = builder.plugins(plugins.path()).start();
        let content: Vec<u8> = (0..3_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
        assert_eq!(put(&agent, "data/a", &content).status, 201, "{isolation}");
        assert!(fs::read(data.path("a")).unwrap() == content, "{isolation}");
        assert!(get(&agent, "data/a").body == content, "{isolation}");
        let sent = [("direction", "sent")];
        wait_until("it is counted", || {
            let counted = agent
                .metrics()
                .value("gaxx_file_transfer_bytes_total", &sent);
            counted == Some(3_000_000.0)
        });
        let process = agent.plugin("file-transfer").unwrap()["process"].clone();
        assert_eq!(process.is_null(), isolation == "in-process", "{process}");
    }
}
