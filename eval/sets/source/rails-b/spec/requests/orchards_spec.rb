require "rails_helper"

RSpec.describe "orchards" do
  it "lists without a token" do
    get "/api/v1/orchards"
    expect(response).to have_http_status(:ok)
  end

  it "refuses changes" do
    put "/api/v1/orchards/1"
    expect(response).to have_http_status(:unauthorized)
    post "/api/v1/orchards/1/unknown"
    expect(response).to have_http_status(:not_found)
  end
end
