class WalksController < ApplicationController
  skip_before_action :require_login, only: [:index, :show, :nearby, :gpx]
  before_action :load_walk, only: %i[show edit update destroy publish gpx]

  def index
    @walks = Walk.published
  end

  def show; end

  def nearby
    @walks = Walk.near(params[:lat], params[:lon])
  end

  def gpx
    send_data @walk.to_gpx, type: "application/gpx+xml"
  end

  def new
    @walk = current_user.walks.build
  end

  def edit; end

  def create
    @walk = current_user.walks.create!(walk_params)
    redirect_to @walk
  end

  def update
    @walk.update!(walk_params)
    redirect_to @walk
  end

  def destroy
    @walk.destroy
    redirect_to walks_path, status: :see_other
  end

  def publish
    @walk.update!(published: true)
    redirect_to @walk
  end

  private

  def load_walk
    @walk = Walk.find(params[:id])
  end

  def walk_params
    params.require(:walk).permit(:title, :distance, :route)
  end
end
