class Api::V1::TokensController < Api::V1::BaseController
  skip_before_action :identify!, only: :create

  def create
    person = Person.find_by!(handle: params[:handle])
    render json: { token: JWT.encode({ sub: person.id }, ENV.fetch("JWT_KEY"), "HS256") }, status: :created
  end

  def destroy
    head :no_content
  end
end
