class Api::V1::TreesController < Api::V1::BaseController
  def index
    render json: Orchard.find(params[:orchard_id]).trees
  end

  def create
    render json: Orchard.find(params[:orchard_id]).trees.create!(tag: params[:tag]), status: :created
  end

  def show
    render json: Tree.find_by!(tag: params[:tag])
  end

  def update
    tree = Tree.find_by!(tag: params[:tag])
    tree.update!(params.permit(:health))
    render json: tree
  end
end
