class HooksController < ApplicationController
  include SignedPayload

  before_action :check_signature

  def scale
    head :no_content
  end
end
