//! Routes with their descriptions.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use sallyport_model::Collection;
use utoipa::openapi::path::HttpMethod;

use super::operation::Operation;

/// Routes of a door with state `S`. There is no way to add one without its description.
pub(in crate::http) struct Routes<S> {
    router: Router<S>,
    described: Vec<Described>,
}

/// A description and where it is.
pub(super) struct Described {
    pub(super) method: HttpMethod,
    pub(super) path: String,
    pub(super) tag: &'static str,
    pub(super) operation: Operation,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes yet.
    pub(in crate::http) fn new() -> Self {
        Self {
            router: Router::new(),
            described: Vec::new(),
        }
    }

    /// One more route with GET.
    pub(in crate::http) fn get<H: Handler<T, S>, T: 'static>(
        self,
        path: &str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on(HttpMethod::Get, path, handler, operation)
    }

    /// One more route with POST.
    pub(in crate::http) fn post<H: Handler<T, S>, T: 'static>(
        self,
        path: &str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on(HttpMethod::Post, path, handler, operation)
    }

    /// One more route with PUT.
    pub(in crate::http) fn put<H: Handler<T, S>, T: 'static>(
        self,
        path: &str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on(HttpMethod::Put, path, handler, operation)
    }

    /// One more route with PATCH.
    pub(in crate::http) fn patch<H: Handler<T, S>, T: 'static>(
        self,
        path: &str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on(HttpMethod::Patch, path, handler, operation)
    }

    /// One more route with DELETE.
    pub(in crate::http) fn delete<H: Handler<T, S>, T: 'static>(
        self,
        path: &str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on(HttpMethod::Delete, path, handler, operation)
    }

    /// One more route.
    fn on<H: Handler<T, S>, T: 'static>(
        mut self,
        method: HttpMethod,
        path: &str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.router = self.router.route(path, on(filter(&method), handler));
        self.described.push(Described {
            method,
            path: path.to_owned(),
            tag: "",
            operation,
        });
        self
    }

    /// One more route whose `{collection}` is any kind of secret, described for each of them.
    pub(in crate::http) fn on_each<H: Handler<T, S>, T: 'static>(
        mut self,
        method: HttpMethod,
        path: &str,
        handler: H,
        operation: impl Fn(Collection) -> Operation,
    ) -> Self {
        self.router = self.router.route(path, on(filter(&method), handler));
        for collection in Collection::ALL {
            self.described.push(Described {
                method: method.clone(),
                path: path.replace("{collection}", collection.as_str()),
                tag: "",
                operation: operation(collection),
            });
        }
        self
    }

    /// One more route whose `{collection}` is this kind of secret: its handler has to refuse others.
    pub(in crate::http) fn on_one<H: Handler<T, S>, T: 'static>(
        mut self,
        method: HttpMethod,
        path: &str,
        collection: Collection,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.router = self.router.route(path, on(filter(&method), handler));
        self.described.push(Described {
            method,
            path: path.replace("{collection}", collection.as_str()),
            tag: "",
            operation,
        });
        self
    }

    /// With a heading, where there is none yet.
    pub(in crate::http) fn under(mut self, tag: &'static str) -> Self {
        for described in self.described.iter_mut().filter(|item| item.tag.is_empty()) {
            described.tag = tag;
        }
        self
    }

    /// With these routes too.
    pub(in crate::http) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.described.extend(other.described);
        self
    }

    /// With these routes below a path. A nested `/` is the path itself.
    pub(in crate::http) fn nest(mut self, prefix: &str, other: Self) -> Self {
        self.router = self.router.nest(prefix, other.router);
        self.described
            .extend(other.described.into_iter().map(|described| Described {
                path: format!("{prefix}{}", described.path.trim_end_matches('/')),
                ..described
            }));
        self
    }

    /// The routes themselves.
    pub(in crate::http) fn into_router(self) -> Router<S> {
        self.router
    }

    /// The descriptions.
    pub(super) fn into_described(self) -> Vec<Described> {
        self.described
    }
}

const fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}
