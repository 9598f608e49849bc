//! What the attribute does to one field.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Expr, Field, GenericArgument, Ident, Meta, PathArguments, PathSegment, Type, parse_quote,
};

/// What a field becomes when the configuration says nothing of it.
pub(crate) enum Absent {
    /// An error: it must be given.
    Refused,
    /// `None`.
    Nothing,
    /// What this function gives: its name, and itself.
    Default(Ident, TokenStream),
}

/// Replaces `#[default(..)]` by what serde understands and marks durations.
///
/// Answers what stands for the field where it is not given.
pub(crate) fn rewrite(field: &mut Field, owner: &Ident) -> syn::Result<Absent> {
    let name = field
        .ident
        .clone()
        .ok_or_else(|| syn::Error::new_spanned(&*field, "#[settings] needs named fields"))?;
    let optional = last_segment(&field.ty).is_some_and(|segment| segment.ident == "Option");
    if let Some((module, schema)) = duration_names(&field.ty) {
        field.attrs.push(parse_quote!(#[serde(with = #module)]));
        field.attrs.push(parse_quote!(#[schemars(with = #schema)]));
    }
    let Some(at) = field
        .attrs
        .iter()
        .position(|attribute| attribute.path().is_ident("default"))
    else {
        if !optional {
            return Ok(Absent::Refused);
        }
        // For a duration serde would ask for it, since it is read by a function.
        field.attrs.push(parse_quote!(#[serde(default)]));
        return Ok(Absent::Nothing);
    };
    let attribute = field.attrs.remove(at);
    let value: Expr = match attribute.meta {
        Meta::Path(_) => parse_quote!(::core::default::Default::default()),
        _ => attribute.parse_args()?,
    };
    let function = format_ident!("__default_{}", name.to_string().trim_start_matches("r#"));
    let path = format!("{owner}::{function}");
    field.attrs.push(parse_quote!(#[serde(default = #path)]));
    let ty = &field.ty;
    let body = quote! {
        #[doc(hidden)]
        #[allow(clippy::unnecessary_wraps)] // The default of an `Option` is one.
        fn #function() -> #ty { #value }
    };
    Ok(Absent::Default(function, body))
}

/// What reads a duration, or one that may be left out, and the type of its schema.
fn duration_names(ty: &Type) -> Option<(&'static str, &'static str)> {
    let segment = last_segment(ty)?;
    if segment.ident == "Duration" {
        return Some((
            "::gaxx_sdk::settings::duration",
            "::gaxx_sdk::settings::duration::Text",
        ));
    }
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner)
            if segment.ident == "Option" && last_segment(inner)?.ident == "Duration" =>
        {
            Some((
                "::gaxx_sdk::settings::duration::optional",
                "::core::option::Option<::gaxx_sdk::settings::duration::Text>",
            ))
        }
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}
