from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    api_prefix: str = "/api/v1"
    jwt_key: str
    database_url: str


settings = Settings()  # type: ignore[call-arg]
