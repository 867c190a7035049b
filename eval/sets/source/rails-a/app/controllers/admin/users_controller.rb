module Admin
  class UsersController < BaseController
    def index
      @users = User.order(:email)
    end

    def block
      User.find(params[:id]).update!(blocked: true)
      redirect_to admin_users_path
    end

    def destroy
      User.find(params[:id]).destroy
      redirect_to admin_users_path
    end
  end
end
