# Public catalogue, cached by the CDN.
class Api::V1::VarietiesController < ApplicationController
  def index
    expires_in 1.hour, public: true
    render json: Variety.all
  end

  def show
    render json: Variety.find(params[:id])
  end
end
