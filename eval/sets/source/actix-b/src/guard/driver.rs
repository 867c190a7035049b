use std::future::{ready, Ready};

use actix_web::{dev::Payload, error::ErrorUnauthorized, web, Error, FromRequest, HttpRequest};
use jsonwebtoken::{decode, DecodingKey, Validation};
use serde::{Deserialize, Serialize};

use super::Keys;

/// The driver who is signed in on the tablet.
#[derive(Debug, Serialize, Deserialize)]
pub struct Driver {
    pub sub: String,
    pub exp: usize,
}

impl FromRequest for Driver {
    type Error = Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let keys = req.app_data::<web::Data<Keys>>().expect("keys");
        let token = req
            .headers()
            .get("authorization")
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.strip_prefix("Bearer "));
        ready(match token {
            Some(t) => decode::<Driver>(t, &DecodingKey::from_secret(&keys.jwt), &Validation::default())
                .map(|d| d.claims)
                .map_err(|_| ErrorUnauthorized("bad token")),
            None => Err(ErrorUnauthorized("token required")),
        })
    }
}
