//! Secrets nobody else would write.

use sallyport_tests::Result;
use sallyport_tests::needle::Needle;

/// Every canary so far.
#[derive(Default)]
pub(super) struct Canaries {
    needles: Vec<Needle>,
    count: usize,
}

impl Canaries {
    /// A new one.
    pub(super) fn plain(&mut self, what: &str) -> String {
        self.count += 1;
        let number = self.count;
        let canary = format!("Kan{number:03}vQ7zXw{number:03}JrT2pLh{number:03}");
        self.add(what, &canary);
        canary
    }

    /// A new one in quotes, ampersands and letters that are escaped here and encoded there.
    pub(super) fn awkward(&mut self, what: &str) -> String {
        format!("&\"{}\\ü/%", self.plain(what))
    }

    /// One that was made elsewhere.
    pub(super) fn add(&mut self, what: &str, secret: &str) {
        self.needles.extend(Needle::forms(what, secret.as_bytes()));
    }

    /// A private key.
    pub(super) fn add_key(&mut self, what: &str, pem: &str) -> Result<()> {
        self.needles.extend(Needle::of_private_key(what, pem)?);
        Ok(())
    }

    /// What to look for.
    pub(super) fn needles(self) -> Vec<Needle> {
        self.needles
    }
}
