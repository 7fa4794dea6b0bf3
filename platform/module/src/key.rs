//! Programs: what a handler knows of the key that one shows.

kernel::id!(
    /// Identifies an application: a program of the tenant's, such as its own front end.
    ApplicationId
);

kernel::id!(
    /// Identifies a key of an application.
    ApiKeyId
);

/// The key that a program shows where a person would sign in.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The part of its text that names it.
    pub public_id: String,
    /// Whose key it is.
    pub application: ApplicationId,
    /// Name of the application.
    pub application_name: String,
    /// Name of the key.
    pub name: String,
    /// The scopes in force for this request.
    pub scopes: Vec<&'static str>,
    /// For how many seconds anybody may keep what the application reads of public content.
    pub cache_seconds: u32,
    /// Whether the program showed a short-lived token made from the key, and not the key itself.
    pub by_token: bool,
}
