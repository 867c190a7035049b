mod api;
mod guard;

use actix_web::{middleware::NormalizePath, web, App, HttpServer};
use tracing_actix_web::TracingLogger;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let key = web::Data::new(guard::Keys::from_env());

    HttpServer::new(move || {
        App::new()
            .app_data(key.clone())
            .wrap(TracingLogger::default())
            .wrap(NormalizePath::trim())
            .configure(api::configure)
    })
    .bind("0.0.0.0:8088")?
    .run()
    .await
}
