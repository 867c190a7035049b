class Api::V1::SearchController < Api::V1::BaseController
  def run
    render json: Tree.where("tag like ?", "#{params[:q]}%")
  end
end
