use std::sync::Arc;

#[derive(Clone)]
pub struct AppState {
    pub jwt_key: Arc<String>,
    pub sensor_key: Arc<String>,
}

impl AppState {
    pub fn from_env() -> Self {
        let get = |name: &str| Arc::new(std::env::var(name).expect("missing setting"));
        Self { jwt_key: get("JWT_KEY"), sensor_key: get("SENSOR_KEY") }
    }
}
