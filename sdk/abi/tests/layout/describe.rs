//! The ABI as text: whatever changes for the other side of the border changes this text, and
//! another compiler, version or place of the source does not.

use std::{
    collections::HashMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use abi_stable::{
    StableAbi,
    std_types::UTypeId,
    type_layout::{TLData, TLField, TLFields, TLFunction, TypeLayout},
};
use gaxx_abi::PluginLibraryRef;

/// The whole ABI: its constants, then every type that can be reached from the one symbol of a
/// library.
pub(crate) fn abi() -> String {
    let mut types = Types::default();
    types.name(PluginLibraryRef::LAYOUT);
    constants() + &types.text
}

/// The lines of the source that give a number or a name a meaning.
fn constants() -> String {
    let mut text = String::new();
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let source = fs::read_to_string(&file).unwrap();
        let lines = source.lines().map(str::trim_start);
        for line in lines.filter(|line| line.starts_with("pub const ") && line.ends_with(';')) {
            let name = file.file_stem().unwrap().to_string_lossy();
            let _ = writeln!(text, "{name}: {line}");
        }
    }
    text
}

/// The files of a folder and those below it, by name.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Types are numbered as they are met, since many have the same name.
#[derive(Default)]
struct Types {
    numbers: HashMap<UTypeId, usize>,
    text: String,
}

impl Types {
    /// The name of a type; describes it, and all that it is made of, where it is met first.
    fn name(&mut self, layout: &'static TypeLayout) -> String {
        let id = layout.get_utypeid();
        if let Some(number) = self.numbers.get(&id) {
            return format!("{}#{number}", layout.name());
        }
        let number = self.numbers.len();
        self.numbers.insert(id, number);
        let own = self.describe(layout);
        // What is behind a pointer is not a field of it.
        let parts = layout.shared_vars().type_layouts().iter();
        let parts: Vec<String> = parts.map(|part| self.name(part())).collect();
        let name = format!("{}#{number}", layout.name());
        let _ = writeln!(
            self.text,
            "{name} of {}: size {}, alignment {}, of [{}]\n{own}",
            layout.package(),
            layout.size(),
            layout.alignment(),
            parts.join(", ")
        );
        name
    }

    fn describe(&mut self, layout: &'static TypeLayout) -> String {
        match layout.data() {
            TLData::Primitive(_) => String::new(),
            TLData::Opaque => "  opaque\n".to_owned(),
            TLData::Struct { fields } | TLData::Union { fields } => self.fields(fields),
            TLData::Enum(sum) => {
                let variants = format!("  {}: {:?}\n", sum.variant_names, sum.discriminants);
                variants + &self.fields(sum.fields)
            }
            TLData::PrefixType(table) => {
                let first = table.first_suffix_field;
                format!("  the first {first} are always there\n") + &self.fields(table.fields)
            }
        }
    }

    fn fields(&mut self, fields: TLFields) -> String {
        let mut text = String::new();
        for field in fields.iter() {
            let _ = writeln!(text, "  {}: {}", field.name(), self.field(&field));
        }
        text
    }

    fn field(&mut self, field: &TLField) -> String {
        if field.is_function() {
            let functions = field.function_range().iter();
            return functions.map(|function| self.function(&function)).collect();
        }
        self.name(field.layout())
    }

    fn function(&mut self, function: &TLFunction) -> String {
        let parameters = function.param_type_layouts.iter();
        let parameters: Vec<String> = parameters.map(|layout| self.name(layout())).collect();
        let answer = function
            .return_type_layout()
            .map_or("()".to_owned(), |layout| self.name(layout()));
        let lifetimes = function.paramret_lifetime_indices;
        format!(
            "fn({}) -> {answer} {:?}",
            parameters.join(", "),
            lifetimes.as_slice()
        )
    }
}
