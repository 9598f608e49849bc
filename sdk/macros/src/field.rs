//! What the attribute does to one field.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Expr, Field, Ident, Type, parse_quote};

/// Replaces `#[default(..)]` by what serde understands and marks durations.
///
/// Answers the function that gives the default, if the field has one.
pub(crate) fn rewrite(field: &mut Field, owner: &Ident) -> syn::Result<Option<TokenStream>> {
    let name = field
        .ident
        .clone()
        .ok_or_else(|| syn::Error::new_spanned(&*field, "#[settings] needs named fields"))?;
    if last_segment(&field.ty).is_some_and(|segment| segment == "Duration") {
        field
            .attrs
            .push(parse_quote!(#[serde(with = "::gaxx_sdk::settings::duration")]));
        field.attrs.push(parse_quote!(
            #[schemars(with = "::gaxx_sdk::settings::duration::Text")]
        ));
    }
    let Some(at) = field
        .attrs
        .iter()
        .position(|attribute| attribute.path().is_ident("default"))
    else {
        return Ok(None);
    };
    let value: Expr = field.attrs.remove(at).parse_args()?;
    let function = format_ident!("__default_{}", name.to_string().trim_start_matches("r#"));
    let path = format!("{owner}::{function}");
    field.attrs.push(parse_quote!(#[serde(default = #path)]));
    let ty = &field.ty;
    Ok(Some(quote! {
        #[doc(hidden)]
        fn #function() -> #ty { #value }
    }))
}

fn last_segment(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}
