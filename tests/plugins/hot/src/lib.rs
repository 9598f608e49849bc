//! A plugin whose profiles are known beforehand: who uses the CPU, who holds memory, and where in its
//! source they do. The outside tests look for the functions of `burn.rs` and `leak.rs` by name and line.

mod burn;
mod leak;
mod pages;
mod workers;

gaxx_sdk::plugin! {
    name = "hot";
    description = "Uses the CPU and memory, in known places.";
    collector "burn" => burn::Burn, "Uses the CPU at each collection.";
    endpoint "pages" => pages::Pages, "Uses the CPU, takes and frees memory, on request.";
    collector "workers" => workers::Workers, "Has threads that work, and threads that come and go.";
}
