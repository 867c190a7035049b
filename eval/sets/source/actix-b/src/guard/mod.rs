mod driver;
mod dispatcher;

pub use dispatcher::dispatchers_only;
pub use driver::Driver;

pub struct Keys {
    pub jwt: Vec<u8>,
}

impl Keys {
    pub fn from_env() -> Self {
        Self { jwt: std::env::var("JWT_KEY").expect("JWT_KEY").into_bytes() }
    }
}
