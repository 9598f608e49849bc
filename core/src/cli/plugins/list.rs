//! `plugins list`: what is there.

use std::process::ExitCode;

use crate::{
    cli::{
        arguments::{Common, RowFormat},
        load::{block_on, end, once},
        style, table,
    },
    plugin::PluginRow,
};

pub(super) fn run(common: &Common, format: RowFormat) -> ExitCode {
    let monitor = match once(common) {
        Ok(monitor) => monitor,
        Err(code) => return code,
    };
    let rows = monitor.rows();
    if let Err(code) = block_on(end(&monitor)) {
        return code;
    }
    match format {
        RowFormat::Json => {
            style::say(&format!(
                "{}\n",
                serde_json::to_string_pretty(&rows).unwrap_or_default()
            ));
        }
        RowFormat::Text => print(&rows),
    }
    let failed = rows.iter().any(|row| row.state == "failed");
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn print(rows: &[PluginRow]) {
    let colours = style::colours();
    let mut lines = vec![
        ["STATE", "PLUGIN", "VERSION", "FROM", ""]
            .map(str::to_owned)
            .to_vec(),
    ];
    for row in rows {
        lines.push(vec![
            style::state(row.state, colours),
            row.name.clone(),
            row.version.clone(),
            row.file.clone().unwrap_or_else(|| "built in".to_owned()),
            row.description.clone(),
        ]);
        for component in &row.components {
            lines.push(vec![
                String::new(),
                format!("  {}", component.name),
                component.kind.to_owned(),
                style::state(component.state, colours),
            ]);
        }
    }
    style::say(&table::format(&lines));
    for row in rows.iter().filter(|row| row.error.is_some()) {
        let (error, remedy) = (row.error.as_deref(), row.remedy.as_deref());
        eprintln!("{}: {}", row.name, error.unwrap_or_default());
        if let Some(remedy) = remedy {
            eprintln!("  {remedy}");
        }
    }
}
