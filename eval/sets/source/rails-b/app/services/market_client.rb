class MarketClient
  def initialize
    @http = Faraday.new(url: "https://market.example.com")
  end

  def price(variety)
    @http.get("/prices/#{variety}").body
  end

  def offer(body)
    @http.post("/offers", body.to_json)
  end
end
