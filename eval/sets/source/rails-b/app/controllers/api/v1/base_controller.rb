module Api
  module V1
    class BaseController < ApplicationController
      before_action :identify!
      after_action :count_request

      attr_reader :current_person

      private

      def identify!
        header = request.headers["Authorization"].to_s
        payload, = JWT.decode(header.delete_prefix("Bearer "), ENV.fetch("JWT_KEY"), true, algorithm: "HS256")
        @current_person = Person.find(payload["sub"])
      rescue JWT::DecodeError, ActiveRecord::RecordNotFound
        render json: { error: "token required" }, status: :unauthorized
      end

      def count_request
        Rails.logger.info("api #{controller_name}##{action_name}")
      end
    end
  end
end
