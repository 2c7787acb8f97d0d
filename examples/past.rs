//! Fills a data folder with a month of the simulated site, in seconds.
//!
//!     cargo run --release --example past -- /tmp/month
//!     sunkeep plot soc pv_power --config /tmp/month/config.toml --since 2026-03-02 \\
//!         --until 2026-03-09 -o week.svg
//!
//! For trying out `history`, `plot` and `export`, and for the pictures in docs/.

use std::path::PathBuf;

use sunkeep::sim::past::Past;
use sunkeep::store::Options;

/// Only what looking back needs: no device of it is on any port.
const CONFIG: &str = "\
[site]
latitude = 63.4
longitude = -145.7
timezone = \"America/Anchorage\"
[inputs.soc]
from = \"shunt.soc\"
[outputs.heater]
gpio = 17
safe = \"off\"
[outputs.load_output]
device = \"mppt\"
load_output = true
safe = \"on\"
";

fn main() -> anyhow::Result<()> {
    let folder: PathBuf = match std::env::args_os().nth(1) {
        Some(folder) => folder.into(),
        None => anyhow::bail!("say a folder: cargo run --example past -- /tmp/month"),
    };
    let past = Past::month();
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("config.toml"), CONFIG)?;
    past.write(&folder.join("data"), Options { zone: Past::zone(), ..Options::default() })
        .map_err(anyhow::Error::msg)?;
    println!("{} to {} in {}", past.start, past.end(), folder.display());
    Ok(())
}
