pub(crate) fn routes() -> module::Routes {
    module::Routes::new()
}
