//! The `settings` attribute of gaxx-sdk; use it from there.

mod field;

use field::Absent;
use proc_macro::TokenStream;
use quote::quote;
use syn::{Item, ItemEnum, ItemStruct, parse_macro_input};

/// Makes a struct or an enum readable from the configuration.
///
/// * Unknown keys are errors, and the doc comment of each field is its documentation.
/// * `#[default(EXPRESSION)]` on a field gives its value where the configuration has none, and
///   `#[default]` alone the type's own; a field without it must be given, unless it is an `Option`.
/// * A struct of which nothing must be given is `Default`, so that it can be a field with
///   `#[default]` of another one.
/// * A field of type `Duration` is written `30s` or `1h 30m`.
/// * The variants of an enum are written in `snake_case`.
#[proc_macro_attribute]
pub fn settings(arguments: TokenStream, item: TokenStream) -> TokenStream {
    if !arguments.is_empty() {
        let message = "#[settings] takes no arguments; put #[default(...)] on fields";
        return syn::Error::new(proc_macro2::Span::call_site(), message)
            .to_compile_error()
            .into();
    }
    let expanded = match parse_macro_input!(item as Item) {
        Item::Struct(item) => settings_struct(item),
        Item::Enum(item) => Ok(settings_enum(&item)),
        other => Err(syn::Error::new_spanned(
            other,
            "#[settings] goes on a struct or an enum",
        )),
    };
    expanded
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

fn settings_struct(mut item: ItemStruct) -> syn::Result<proc_macro2::TokenStream> {
    let name = item.ident.clone();
    let mut functions = Vec::new();
    let mut initial = Some(Vec::new());
    for field in &mut item.fields {
        let absent = field::rewrite(field, &name)?;
        let label = &field.ident;
        let value = match absent {
            Absent::Refused => None,
            Absent::Nothing => Some(quote!(#label: None)),
            Absent::Default(function, body) => {
                functions.push(body);
                Some(quote!(#label: Self::#function()))
            }
        };
        match (value, &mut initial) {
            (Some(value), Some(initial)) => initial.push(value),
            _ => initial = None,
        }
    }
    let default = initial.map(|initial| {
        quote! {
            impl ::core::default::Default for #name {
                fn default() -> Self { Self { #(#initial),* } }
            }
        }
    });
    Ok(quote! {
        // What schemars expands to for a duration's default names `serde`, and a plugin need not
        // depend on it. Imported like this, it may come in more than once.
        #[allow(unused_imports)]
        use ::gaxx_sdk::settings::names::*;

        #[derive(
            Debug, Clone,
            ::gaxx_sdk::serde::Serialize, ::gaxx_sdk::serde::Deserialize,
            ::gaxx_sdk::schemars::JsonSchema,
        )]
        #[serde(crate = "::gaxx_sdk::serde", deny_unknown_fields)]
        #[schemars(crate = "::gaxx_sdk::schemars")]
        #item

        impl #name { #(#functions)* }

        #default
    })
}

fn settings_enum(item: &ItemEnum) -> proc_macro2::TokenStream {
    quote! {
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq,
            ::gaxx_sdk::serde::Serialize, ::gaxx_sdk::serde::Deserialize,
            ::gaxx_sdk::schemars::JsonSchema,
        )]
        #[serde(crate = "::gaxx_sdk::serde", rename_all = "snake_case")]
        #[schemars(crate = "::gaxx_sdk::schemars")]
        #item
    }
}
