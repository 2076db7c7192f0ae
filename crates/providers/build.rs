//! Lists the rows, so that adding a provider touches one data file.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rows");
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo names the package folder")?;
    let mut files = Vec::new();
    for entry in fs::read_dir(Path::new(&root).join("rows"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    let mut code =
        String::from("/// File stem and text of every row, in order of the names.\nconst ROWS: &[(&str, &str)] = &[\n");
    for path in &files {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).ok_or("row file names are plain text")?;
        let text = path.to_str().ok_or("the package folder's name is plain text")?;
        writeln!(code, "    ({stem:?}, include_str!({text:?})),")?;
    }
    code.push_str("];\n");
    let out = env::var_os("OUT_DIR").ok_or("cargo names the output folder")?;
    fs::write(Path::new(&out).join("rows.rs"), code)?;
    Ok(())
}
