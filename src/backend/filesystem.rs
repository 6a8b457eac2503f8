//! What kind of file system a store's files lie on.

use std::path::Path;

use super::Error;

/// The kind of file system under `directory`: on one in memory an fsync costs nothing, and a
/// durable COMMIT is as fast as one that is not.
#[cfg(target_os = "linux")]
pub fn filesystem(directory: &Path) -> Result<String, Error> {
    let status = rustix::fs::statfs(directory)
        .map_err(|error| Error::File { path: directory.to_owned(), source: error.into() })?;
    // The magic numbers of linux/magic.h, and of the file systems that are not in it.
    let name = match status.f_type as u32 {
        0x0102_1994 => "tmpfs",
        0x8584_58f6 => "ramfs",
        // ext2, ext3 and ext4 have the same number.
        0x0000_ef53 => "ext",
        0x5846_5342 => "xfs",
        0x9123_683e => "btrfs",
        0x2fc1_2fc1 => "zfs",
        0xf2f5_2010 => "f2fs",
        0x794c_7630 => "overlayfs",
        0x0000_6969 => "nfs",
        0xff53_4d42 | 0xfe53_4d42 => "smb",
        0x6573_5546 => "fuse",
        0x0102_1997 => "9p",
        unknown => return Ok(format!("{unknown:#010x}")),
    };
    Ok(name.into())
}

/// Other systems tell it by other means.
#[cfg(not(target_os = "linux"))]
pub fn filesystem(_directory: &Path) -> Result<String, Error> {
    Ok("unknown".into())
}
