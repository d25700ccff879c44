//! Requests nobody thought of, made up from the OpenAPI document.

use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::Vault;
use sallyport_tests::{Result, schemathesis};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_one_the_openapi_document_promises() -> Result<()> {
    let scratch = Scratch::new()?;
    let vault = Vault::start(&scratch.directory("vault")?).await?;
    let said = schemathesis::run(&vault, &scratch.directory("reports")?).await?;
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    Ok(())
}
